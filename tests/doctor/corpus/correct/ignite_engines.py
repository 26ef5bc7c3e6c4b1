"""PyTorch-Ignite: hand-written update function, evaluator, handlers for schedule, early stopping and best weights."""
import copy

import torch
from ignite.engine import Engine, Events
from ignite.handlers import EarlyStopping
from ignite.metrics import Accuracy, Loss, RunningAverage
from sklearn.datasets import make_circles
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(13)
x, y = make_circles(1200, noise=0.12, factor=0.55, random_state=13)
full = TensorDataset(torch.tensor(x, dtype=torch.float32), torch.tensor(y))
train_set, val_set, test_set = random_split(full, [720, 240, 240], generator=torch.Generator().manual_seed(13))
train_loader = DataLoader(train_set, batch_size=24, shuffle=True)
val_loader = DataLoader(val_set, batch_size=120)
test_loader = DataLoader(test_set, batch_size=120)

model = nn.Sequential(nn.Linear(2, 24), nn.ReLU(), nn.Dropout(0.1), nn.Linear(24, 24), nn.ReLU(), nn.Linear(24, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=4, gamma=0.5)
criterion = nn.CrossEntropyLoss()
ACCUMULATE = 2                                   # 30 batches in an epoch: no rest


def update(engine, batch):
    model.train()
    inputs, targets = batch
    loss = criterion(model(inputs), targets)
    (loss / ACCUMULATE).backward()
    if engine.state.iteration % ACCUMULATE == 0:
        optimizer.step()
        optimizer.zero_grad()
    return loss.item()                           # the undivided loss is the one to show


def infer(engine, batch):
    model.eval()
    with torch.no_grad():
        inputs, targets = batch
        return model(inputs), targets


trainer, evaluator = Engine(update), Engine(infer)
RunningAverage(output_transform=lambda out: out, alpha=0.9).attach(trainer, "smooth_loss")
Accuracy().attach(evaluator, "acc")
Loss(criterion).attach(evaluator, "nll")          # weighted by the batch size
best = {"nll": float("inf"), "state": None}


@trainer.on(Events.EPOCH_COMPLETED)
def validate(engine):
    evaluator.run(val_loader)
    m = evaluator.state.metrics
    if m["nll"] < best["nll"]:
        best.update(nll=m["nll"], state=copy.deepcopy(model.state_dict()), epoch=engine.state.epoch)
    scheduler.step()
    print(f"epoch {engine.state.epoch} smooth loss {engine.state.metrics['smooth_loss']:.4f} "
          f"val nll {m['nll']:.4f} acc {m['acc']:.3f} lr {scheduler.get_last_lr()[0]:.5f}")


# EarlyStopping wants a score that rises
evaluator.add_event_handler(Events.COMPLETED, EarlyStopping(
    patience=3, score_function=lambda e: -e.state.metrics["nll"], trainer=trainer))

if __name__ == "__main__":
    assert len(train_loader) % ACCUMULATE == 0
    trainer.run(train_loader, max_epochs=10)
    model.load_state_dict(best["state"])
    final = Engine(infer)                        # a fresh engine: the old one would talk to early stopping
    Accuracy().attach(final, "acc")
    final.run(test_loader)
    print(f"best epoch {best['epoch']}, test accuracy {final.state.metrics['acc']:.3f}")
