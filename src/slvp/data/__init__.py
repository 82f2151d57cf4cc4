"""From files to batches: cut-outs, the embedded world, captioned video, flow, samples."""
