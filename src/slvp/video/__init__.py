"""Frames in, frames out: the only package that knows the decoder (PyAV).

A video may be a file, a folder of images or standard input. Frames are read and written one at a
time, so that memory doesn't grow with the length of the video.
"""

from slvp.video.images import Video, images_of
from slvp.video.reader import VideoReader, read_frames
from slvp.video.records import Frame, VideoInfo
from slvp.video.writer import VideoWriter

__all__ = ["Frame", "Video", "VideoInfo", "VideoReader", "VideoWriter", "images_of", "read_frames"]
