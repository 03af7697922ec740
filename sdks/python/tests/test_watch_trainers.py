"""Trainers that own the loop: Hugging Face's, TRL's and Lightning's, with a callback of one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import Stub

import llmdbg

torch = pytest.importorskip("torch", reason="torch is not installed")

from test_watch_run import labelled  # noqa: E402
from watched import mlp  # noqa: E402


def test_hugging_face_trainer(stub: Stub, directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    monkeypatch.setenv("LLMDBG_DIR", str(directory))
    size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2}
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(vocab_size=64, max_position_embeddings=32, **size))
    rows = [{"input_ids": row, "labels": row} for row in torch.randint(0, 64, (64, 16)).tolist()]
    arguments = transformers.TrainingArguments(
        str(tmp_path / "out"), max_steps=6, per_device_train_batch_size=4, gradient_accumulation_steps=2,
        logging_steps=2, report_to=[], save_strategy="no", use_cpu=True, disable_tqdm=True,
    )  # fmt: skip
    callback = llmdbg.HFCallback(project="hf", every=3)
    transformers.Trainer(model, arguments, train_dataset=rows, callbacks=[callback]).train()
    assert stub.status() == "finished"
    points = stub.points()
    assert [step for step, _ in points["loss"]] == [2, 4, 6]
    assert sorted({step for step, _ in points["layer/grad_norm"]}) == [1, 3, 6]
    layers = labelled(stub, "layer/grad_norm")
    assert "model.layers.1.mlp.down_proj" in layers and "lm_head" in layers
    assert set(labelled(stub, "layer/attention_entropy")) == {"model.layers.0.self_attn", "model.layers.1.self_attn"}
    assert points["logits/log_z"]
    assert stub.bodies("/api/v1/runs")[0]["config"]["gradient_accumulation_steps"] == 2


def test_hugging_face_trainer_with_adafactor(stub: Stub, directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    monkeypatch.setenv("LLMDBG_DIR", str(directory))
    model = transformers.GPT2LMHeadModel(transformers.GPT2Config(n_embd=32, n_layer=2, n_head=4, n_positions=32, vocab_size=64))
    rows = [{"input_ids": row, "labels": row} for row in torch.randint(0, 64, (32, 16)).tolist()]
    arguments = transformers.TrainingArguments(
        str(tmp_path / "out"), max_steps=4, per_device_train_batch_size=4, optim="adafactor", logging_steps=2,
        report_to=[], save_strategy="no", use_cpu=True, disable_tqdm=True,
    )  # fmt: skip
    callback = llmdbg.HFCallback(project="hf", every=2)
    transformers.Trainer(model, arguments, train_dataset=rows, callbacks=[callback]).train()
    points = stub.points()
    for name in ("grad_norm", "weight_norm", "update_ratio", "activation_std"):
        assert sorted({step for step, _ in points[f"layer/{name}"]}) == [1, 2, 4], name
    # Matrices have a factored second moment; that of a layer norm is whole, and at the first step that of one gradient.
    lag = labelled(stub, "layer/update_rms")["transformer.ln_f"]
    assert lag[0] == pytest.approx(1.0, rel=1e-3)
    assert stub.bodies("/api/v1/runs")[0]["config"]["optim"] == "adafactor"


def test_eager_attention_of_transformers(stub: Stub, directory: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    llmdbg.init(dir=str(directory))
    size = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 32, "vocab_size": 64}
    model = transformers.GPT2LMHeadModel(transformers.GPT2Config(attn_implementation="eager", **size))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    llmdbg.watch(model, optimizer)
    ids = torch.randint(0, 64, (2, 16))
    model(input_ids=ids, labels=ids).loss.backward()
    optimizer.step()
    llmdbg.finish()
    assert set(labelled(stub, "layer/attention_logit_max")) == {"transformer.h.0.attn", "transformer.h.1.attn"}
    # A causal mask of 16 rows at the start of training: nearly even.
    [entropy] = labelled(stub, "layer/attention_entropy")["transformer.h.0.attn"]
    assert 1.8 < entropy < 2.0


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_lightning(stub: Stub, directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: Any) -> None:
    lightning = pytest.importorskip("lightning", reason="lightning is not installed")
    monkeypatch.setenv("LLMDBG_DIR", str(directory))

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = mlp()

        def training_step(self, batch: Any, _index: int) -> Any:
            loss = self.net(batch[0]).square().mean()
            self.log("loss", loss)
            return loss

        def configure_optimizers(self) -> Any:
            return torch.optim.AdamW(self.parameters(), lr=1e-3)

    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.randn(64, 8)), batch_size=8)
    module = Module()

    class Spoil(lightning.Callback):
        def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
            if trainer.global_step == 5:
                with torch.no_grad():
                    pl_module.net[2].weight[0, 0] = float("nan")

    trainer = lightning.Trainer(
        max_steps=7, logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
        default_root_dir=str(tmp_path), gradient_clip_val=1.0, precision=precision, accelerator="cpu",
        callbacks=[llmdbg.LightningCallback(project="pl", every=2), Spoil()],
    )  # fmt: skip
    trainer.fit(module, data)
    assert stub.status() == "finished"
    assert sorted({step for step, _ in stub.points()["layer/grad_norm"]}) == [0, 2, 4, 5, 6]
    assert set(labelled(stub, "layer/activation_std")) >= {"net.0", "net.1", "net.4"}
    [record] = stub.records()
    assert record["step"] == 5 and "layer=net.2 phase=forward tensor=weight" in record["message"]
