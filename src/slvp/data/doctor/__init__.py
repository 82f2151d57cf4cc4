"""A doctor for data sets: what is wrong with a benchmark's files, and how to mend it."""
