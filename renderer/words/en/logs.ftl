### The view "logs".

logs-title = Log
