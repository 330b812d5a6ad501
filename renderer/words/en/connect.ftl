### The view "connect".

connect-title = Connect
