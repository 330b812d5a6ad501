### The view "bridges".

bridges-title = Bridges
