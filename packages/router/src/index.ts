/**
 * The only door of @shoal/router: one address in front of the nodes of a cluster, for clients that discover nothing.
 *
 * Used by the pool's configuration endpoint and by `shoal proxy`.
 */
export {
  type ListenAddress,
  ROUTER_DEFAULTS,
  type RoutedTopology,
  type Router,
  type RouterOptions,
} from './options.js';
export { startRouter } from './router.js';
export { RouterStartError, RouterStartErrorCode } from './router-error.js';
