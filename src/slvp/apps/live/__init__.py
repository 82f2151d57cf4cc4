"""Video that is still being made: from a camera or the network, answered as it comes.

=============  ====================================================================================
module         what
=============  ====================================================================================
``sources``    pictures out of a camera, a URL, standard input or a file
``reading``    a thread that reads, waits and connects again; the newest frame alone is kept
``outputs``    a window, a file
``serve``      pictures over HTTP
``stopping``   Ctrl-C and SIGTERM as a request to end
``latency``    how old frames are when they are shown, in memory that doesn't grow
=============  ====================================================================================
"""
