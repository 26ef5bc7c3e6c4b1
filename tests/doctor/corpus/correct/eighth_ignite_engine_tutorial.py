"""PyTorch-Ignite tutorial: engines, handlers, metrics, early stopping and the best checkpoint."""
import logging
import tempfile
from pathlib import Path

import torch
from ignite.engine import Engine, Events
from ignite.handlers import EarlyStopping, ModelCheckpoint
from ignite.metrics import Accuracy, Loss, RunningAverage
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

logging.getLogger("ignite").setLevel(logging.ERROR)


def get_loaders(batch_size=64):
    x, y = load_digits(return_X_y=True)
    a, b, ya, yb = train_test_split(x, y, test_size=0.3, stratify=y, random_state=0)
    b, c, yb, yc = train_test_split(b, yb, test_size=0.5, stratify=yb, random_state=0)
    scale = a.max()
    ds = lambda x, y: TensorDataset(torch.tensor(x / scale, dtype=torch.float32), torch.tensor(y))
    return (DataLoader(ds(a, ya), batch_size, shuffle=True),
            DataLoader(ds(b, yb), 256), DataLoader(ds(c, yc), 256))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 10))

    def forward(self, x):
        return nn.functional.log_softmax(self.layers(x), dim=-1)


torch.manual_seed(12)
train_loader, val_loader, test_loader = get_loaders()
model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.8)
criterion = nn.NLLLoss()


# An engine runs a function on each batch of a loader.
def train_step(engine, batch):
    model.train()
    x, y = batch
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()


def eval_step(engine, batch):
    model.eval()
    with torch.no_grad():
        x, y = batch
        return model(x), y


trainer, evaluator = Engine(train_step), Engine(eval_step)
RunningAverage(output_transform=lambda loss: loss, alpha=0.95).attach(trainer, "loss")
for name, metric in {"accuracy": Accuracy(), "nll": Loss(criterion)}.items():
    metric.attach(evaluator, name)              # sums over all batches, divides once

scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.9)


@trainer.on(Events.EPOCH_COMPLETED)
def step_scheduler(engine):
    scheduler.step()


@trainer.on(Events.EPOCH_COMPLETED(every=1))
def validate(engine):
    evaluator.run(val_loader)
    m = evaluator.state.metrics
    if engine.state.epoch % 4 == 0:
        print(f"epoch {engine.state.epoch:2d} running loss {engine.state.metrics['loss']:.3f} "
              f"val nll {m['nll']:.4f} accuracy {m['accuracy']:.4f}")


def score(engine):
    return -engine.state.metrics["nll"]         # handlers keep the largest score: the sign turns the loss round


with tempfile.TemporaryDirectory() as folder:
    checkpoint = ModelCheckpoint(folder, "best", n_saved=1, score_function=score, score_name="neg_nll", require_empty=False)
    handle = evaluator.add_event_handler(Events.COMPLETED, checkpoint, {"model": model})
    stopper = evaluator.add_event_handler(Events.COMPLETED, EarlyStopping(patience=4, score_function=score, trainer=trainer))

    trainer.run(train_loader, max_epochs=20)

    handle.remove()                             # the test must neither save nor stop anything
    stopper.remove()
    print("stopped after epoch", trainer.state.epoch, "- best:", Path(checkpoint.last_checkpoint).suffix)
    model.load_state_dict(torch.load(checkpoint.last_checkpoint, weights_only=True))

evaluator.run(test_loader)
print(f"test nll {evaluator.state.metrics['nll']:.4f} accuracy {evaluator.state.metrics['accuracy']:.4f}")
