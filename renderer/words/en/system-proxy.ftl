### The view "system-proxy".

system-proxy-title = System proxy
