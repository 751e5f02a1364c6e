"""What is told of runs, as data and sentences: nothing here prints or draws."""
