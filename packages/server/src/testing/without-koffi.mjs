/* Loaded with --import: from here on koffi cannot be resolved, as on a machine that it has no binary for. */
import { register } from 'node:module';

const hooks = `export async function resolve(name, context, next) {
  if (name === 'koffi') throw new Error('no binary for this machine');
  return next(name, context);
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
