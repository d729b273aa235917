"""Piper: small voices in many languages, computed by onnxruntime on a CPU."""
