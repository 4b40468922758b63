"""How are ONNX files of strangers read as data, run by onnxruntime, and small ones written by hand?

Nothing here loads onnxruntime but ``session``; a plugin that plays such files imports it when it is built.
"""
