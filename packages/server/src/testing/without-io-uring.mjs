/*
 * Loaded with --import: from here on the kernel refuses io_uring_setup with EPERM, as under Docker's default seccomp profile. A filter
 * of our own, in the classic BPF that seccomp(2) takes; every thread that is started later inherits it.
 */
import koffi from 'koffi';

const PR_SET_SECCOMP = 22;
const PR_SET_NO_NEW_PRIVS = 38;
const SECCOMP_MODE_FILTER = 2;
const SECCOMP_RET_ALLOW = 0x7fff0000;
const SECCOMP_RET_ERRNO = 0x00050000;
const EPERM = 1;
const LOAD_WORD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;
const SYS_IO_URING_SETUP = 425;

/* code, jump if true, jump if false, operand: the number of the call is the first word of what a filter sees */
const program = [
  [LOAD_WORD, 0, 0, 0],
  [JUMP_IF_EQUAL, 0, 1, SYS_IO_URING_SETUP],
  [RETURN, 0, 0, SECCOMP_RET_ERRNO | EPERM],
  [RETURN, 0, 0, SECCOMP_RET_ALLOW],
];
const instructions = new DataView(new ArrayBuffer(program.length * 8));
for (const [index, [code, ifTrue, ifFalse, operand]] of program.entries()) {
  instructions.setUint16(index * 8, code, true);
  instructions.setUint8(index * 8 + 2, ifTrue);
  instructions.setUint8(index * 8 + 3, ifFalse);
  instructions.setUint32(index * 8 + 4, operand, true);
}
const head = new DataView(new ArrayBuffer(16));
head.setUint16(0, program.length, true);
head.setBigUint64(8, koffi.address(instructions.buffer), true);

const prctl = koffi.load(null).func('int prctl(int, uint64, uint64, uint64, uint64)');
if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) !== 0) throw new Error('Cannot give up new privileges');
const refused = prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, koffi.address(head.buffer), 0, 0);
if (refused !== 0) throw new Error(`Cannot set a seccomp filter: errno ${koffi.errno()}`);
