"""Other trainers on the cases of the GPU benchmark, as their users write them; each returns the seconds of one step."""

from __future__ import annotations

import tempfile
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from seedbed.bench.gpu.cases import Case
from seedbed.bench.gpu.stopwatch import Stopwatch
from seedbed.bench.gpu.trainers import optimizer_of, placed


def loader(case: Case, device: torch.device) -> DataLoader[tuple[Tensor, ...]]:
    """Shuffled batches; pinned memory where there is a GPU, as every guide advises."""
    data = TensorDataset(*case.make_data())
    return DataLoader(data, batch_size=case.batch_size, shuffle=True, drop_last=True, pin_memory=device.type == "cuda")


def with_accelerate(case: Case, device: torch.device) -> float:
    """Accelerate: its preparation and its backward."""
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(reset_partial_state=True)  # another trainer of this process may have set it
    mixed = "no" if case.precision == "fp32" else "bf16"
    accelerator: Any = Accelerator(cpu=device.type == "cpu", mixed_precision=mixed)
    model = placed(case, device)
    model, optimizer, batches = accelerator.prepare(model, optimizer_of(case, model), loader(case, device))
    watch = Stopwatch(case.warm, case.steps, device)
    model.train()
    while watch.count < watch.total:
        for x, y in batches:
            optimizer.zero_grad()
            loss = case.loss(model(x), y)
            accelerator.backward(loss)
            optimizer.step()
            watch.tick()
            if watch.count >= watch.total:
                break
    accelerator.free_memory()
    return watch.seconds_per_step()


def with_lightning(case: Case, device: torch.device) -> float:
    """Lightning's Trainer with its defaults; no logger, no bar, no checkpoint."""
    import lightning

    watch = Stopwatch(case.warm, case.steps, device)

    class Module(lightning.LightningModule):  # type: ignore[misc,unused-ignore]
        """The model with its loss and its optimizer."""

        def __init__(self) -> None:
            super().__init__()
            self.model = placed(case, device)

        def training_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
            """One update's loss, logged."""
            loss = case.loss(self.model(batch[0]), batch[1])
            self.log("train_loss", loss)
            return loss

        def configure_optimizers(self) -> Any:
            """Fused AdamW."""
            return optimizer_of(case, self)

        def on_train_batch_end(self, *args: Any) -> None:
            """An update was made."""
            watch.tick()

    with tempfile.TemporaryDirectory() as folder:
        trainer = lightning.Trainer(
            max_steps=watch.total,
            accelerator="gpu" if device.type == "cuda" else "cpu",
            devices=1,
            precision="32-true" if case.precision == "fp32" else "bf16-mixed",
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            enable_checkpointing=False,
            default_root_dir=folder,
        )
        trainer.fit(Module(), loader(case, device))
    return watch.seconds_per_step()


def with_transformers(case: Case, device: torch.device) -> float:
    """Hugging Face's Trainer with its defaults; no report, no bar, no checkpoint."""
    from transformers import Trainer, TrainerCallback, TrainingArguments
    from transformers.trainer_callback import PrinterCallback

    watch = Stopwatch(case.warm, case.steps, device)

    class Module(nn.Module):
        """A model whose forward returns its loss."""

        def __init__(self) -> None:
            super().__init__()
            self.model = placed(case, device)

        def forward(self, inputs: Tensor, labels: Tensor) -> tuple[Tensor]:
            return (case.loss(self.model(inputs), labels),)

    class Ticks(TrainerCallback):  # type: ignore[misc,unused-ignore]
        """Tells of every update."""

        def on_step_end(self, *args: Any, **options: Any) -> None:
            """An update was made."""
            watch.tick()

    def collate(items: list[tuple[Tensor, Tensor]]) -> dict[str, Tensor]:
        return {"inputs": torch.stack([x for x, _ in items]), "labels": torch.stack([y for _, y in items])}

    with tempfile.TemporaryDirectory() as folder:
        options: dict[str, Any] = {
            "output_dir": folder,
            "max_steps": watch.total,
            "per_device_train_batch_size": case.batch_size,
            "learning_rate": case.lr,
            "bf16": case.precision == "bf16",
            "save_strategy": "no",
            "report_to": "none",
            "disable_tqdm": True,
            "use_cpu": device.type == "cpu",
            "dataloader_pin_memory": device.type == "cuda",
        }
        data = TensorDataset(*case.make_data())
        trainer = Trainer(
            model=Module(), args=TrainingArguments(**options), data_collator=collate, train_dataset=data,
            callbacks=[Ticks()],
        )  # fmt: skip
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return watch.seconds_per_step()
