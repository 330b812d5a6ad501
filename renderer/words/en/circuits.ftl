### The view "circuits".

circuits-title = Circuits
