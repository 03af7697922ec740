"""Keras 3 on its backends, and trees of JAX."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest
from conftest import Stub

import llmdbg

Script = Callable[..., "subprocess.Popen[str]"]


def has(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def series(stub: Stub, name: str, label: str = "layer") -> Dict[str, List[Any]]:
    found: Dict[str, List[Any]] = {}
    for body in stub.bodies("/points"):
        for one in body["series"]:
            if one["name"] == name:
                found.setdefault(one.get("labels", {}).get(label, ""), []).extend(zip(one["step"], one["value"]))
    return found


KERAS = """
import numpy, keras, llmdbg
keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(16, activation="relu", name="first"), keras.layers.Dense(1, name="last")])
model.compile("adam", "mse")
x, y = numpy.random.randn(64, 8).astype("float32"), numpy.ones((64, 1), "float32")
llmdbg.init(project="keras")
watch = llmdbg.watch(model, every=2, probe=x[:8])
model.fit(x, y, batch_size=16, epochs=1, verbose=0, callbacks=[watch])
model.fit(x, y * float("nan"), batch_size=16, epochs=1, verbose=0, callbacks=[watch])
llmdbg.finish()
"""


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_keras(stub: Stub, script: Script, backend: str) -> None:
    if not has("keras") or not has(backend):
        pytest.skip(f"keras or {backend} is not installed")
    process = script(KERAS, KERAS_BACKEND=backend)
    _out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    weights = series(stub, "layer/weight_norm")
    assert set(weights) == {"first", "last"}
    assert [step for step, _ in weights["first"]][:3] == [0, 2, 4]
    assert 0 < series(stub, "layer/update_ratio")["first"][0][1] < 0.1
    assert series(stub, "layer/activation_std")["last"][0][1] > 0
    assert ("gradients" in err) == (backend == "jax")
    assert set(series(stub, "layer/grad_norm")) == ({"first", "last"} if backend == "torch" else set())
    [record] = stub.records()
    assert record["step"] == 4
    assert ("layer=last phase=backward" if backend == "torch" else "phase=optimizer tensor=weight") in record["message"]


def test_trees_of_jax(stub: Stub, directory: Path, caplog: pytest.LogCaptureFixture) -> None:
    jax = pytest.importorskip("jax", reason="jax is not installed")
    jnp = jax.numpy
    llmdbg.init(dir=str(directory))
    params = {"params": {"Dense_0": {"kernel": jnp.ones((4, 3)), "bias": jnp.zeros(3)}, "Block_0": {"out": {"kernel": jnp.full((3, 2), 2.0)}}}}
    for step in range(8):
        grads = jax.tree_util.tree_map(lambda a: jnp.full_like(a, jnp.nan if step == 6 else 0.5), params)
        updates = jax.tree_util.tree_map(lambda g: -0.1 * g, grads)
        llmdbg.watch_tree(step, params=params, grads=grads, updates=updates, every=5)
    llmdbg.finish()
    norms = series(stub, "layer/grad_norm")
    assert norms["Dense_0"][:2] == [(0, pytest.approx(0.5 * 15**0.5)), (5, pytest.approx(0.5 * 15**0.5))]
    assert series(stub, "layer/weight_norm")["Block_0.out"][0] == (0, pytest.approx(24**0.5))
    assert series(stub, "layer/update_ratio")["Block_0.out"][0] == (0, pytest.approx(0.05 / 2))
    assert [record["step"] for record in stub.records()] == [6]
    assert "layer=Block_0.out phase=backward tensor=grad" in stub.records()[0]["message"]
    assert "failed" not in caplog.text


def test_flax_and_optax(stub: Stub, directory: Path) -> None:
    jax = pytest.importorskip("jax", reason="jax is not installed")
    linen = pytest.importorskip("flax.linen", reason="flax is not installed")
    optax = pytest.importorskip("optax", reason="optax is not installed")
    llmdbg.init(dir=str(directory))

    class Net(linen.Module):
        @linen.compact
        def __call__(self, x: Any) -> Any:
            return linen.Dense(2, name="out")(linen.relu(linen.Dense(8, name="hidden")(x)))

    model, x = Net(), jax.numpy.ones((4, 3))
    params = model.init(jax.random.PRNGKey(0), x)
    transform = optax.adam(1e-2)
    state = transform.init(params)

    @jax.jit
    def train(params: Any, state: Any) -> Any:
        def loss(p: Any) -> Any:
            y, kept = model.apply(p, x, capture_intermediates=True, mutable=["intermediates"])
            return (y**2).mean(), kept

        grads, kept = jax.grad(loss, has_aux=True)(params)
        updates, state = transform.update(grads, state, params)
        return optax.apply_updates(params, updates), state, grads, updates, kept

    for step in range(3):
        params, state, grads, updates, kept = train(params, state)
        llmdbg.watch_tree(step, params=params, grads=grads, updates=updates, activations=kept, every=1)
    llmdbg.finish()
    assert set(series(stub, "layer/grad_rms")) == {"hidden", "out"}
    assert {"hidden", "out"} <= set(series(stub, "layer/activation_std"))
    assert len(series(stub, "layer/update_ratio")["out"]) == 3


def test_trees_inside_jit_are_refused_and_the_step_goes_on(directory: Path, caplog: pytest.LogCaptureFixture) -> None:
    jax = pytest.importorskip("jax", reason="jax is not installed")
    llmdbg.init(dir=str(directory))

    @jax.jit
    def step(x: Any) -> Any:
        llmdbg.watch_tree(0, params={"a": x})
        return x + 1

    assert float(step(1.0)) == 2.0
    assert "inside jit" in caplog.text
