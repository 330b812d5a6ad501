/** The name under which a hidden page's port comes to it, from main by way of its preload script. */
export const PAGE_PORT = 'transports-port'
