/**
 * The door of the package. bin/launch.js comes in here, and tests of other packages that want the command line without a
 * process around it.
 */
export { type CommandContext, processContext } from './context.js';
export { main } from './main.js';
