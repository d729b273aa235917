"""A tiny Kokoro in the form of kokoro-onnx's releases: chance tones instead of speech."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

VOICES = ("af_heart", "af_sky", "am_adam", "bf_emma", "ff_siwis", "jf_alpha")
TOKEN_SAMPLES = 480
_STYLES, _STYLE = 510, 256


def kokoro(folder: Path, *, with_noise: bool = False) -> Path:
    """Write a checkpoint: each token is a tone of its own, in a pitch that the voice shifts."""
    folder.mkdir(parents=True)
    onnx.save(_model(with_noise), folder / "kokoro-v1.0.onnx")
    chance = np.random.default_rng(7)
    styles = {name: chance.normal(size=(_STYLES, 1, _STYLE)).astype(np.float32) for name in VOICES}
    with (folder / "voices-v1.0.bin").open("wb") as file:
        np.savez(file, **styles)
    return folder


def _model(with_noise: bool) -> onnx.ModelProto:
    ramp = np.arange(TOKEN_SAMPLES, dtype=np.float32).reshape(1, -1) * 0.02
    constants = {"ramp": ramp, "column": np.array([-1, 1]), "flat": np.array([-1])}
    nodes = [
        helper.make_node("Cast", ["tokens"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["numbers", "column"], ["pitches"]),
        helper.make_node("ReduceMean", ["style"], ["shift"], keepdims=0),
        helper.make_node("Add", ["pitches", "shift"], ["shifted"]),
        helper.make_node("Mul", ["shifted", "speed"], ["faster"]),
        helper.make_node("Mul", ["faster", "ramp"], ["phases"]),
        helper.make_node("Sin", ["phases"], ["tones"]),
        helper.make_node("Reshape", ["tones", "flat"], ["sound"]),
    ]
    if with_noise:
        nodes += [
            helper.make_node("RandomNormalLike", ["sound"], ["noise"], scale=0.1),
            helper.make_node("Add", ["sound", "noise"], ["audio"]),
        ]
    else:
        nodes.append(helper.make_node("Identity", ["sound"], ["audio"]))
    graph = helper.make_graph(
        nodes,
        "kokoro",
        [
            helper.make_tensor_value_info("tokens", TensorProto.INT64, [1, None]),
            helper.make_tensor_value_info("style", TensorProto.FLOAT, [1, _STYLE]),
            helper.make_tensor_value_info("speed", TensorProto.FLOAT, [1]),
        ],
        [helper.make_tensor_value_info("audio", TensorProto.FLOAT, [None])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
