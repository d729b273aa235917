"""Kokoro: a voice of 82 million parameters, computed by onnxruntime on a CPU."""
