"""Ignite: a hand-written update with mixup (soft targets), two evaluators, events, resume from a checkpoint."""
import numpy as np
import torch
import torch.nn.functional as F
from ignite.engine import Engine, Events, create_supervised_evaluator
from ignite.handlers import EarlyStopping
from ignite.metrics import Accuracy, Loss, RunningAverage
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def soft_cross_entropy(logits, target):
    return -(target * logits.log_softmax(1)).sum(1).mean()


def build(seed):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 10))
    opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
    return model, opt


def make_trainer(model, opt, alpha, rng):
    def update(engine, batch):
        model.train()  # the evaluators leave the model in eval mode
        x, y = batch
        lam = float(rng.beta(alpha, alpha))
        perm = torch.randperm(len(x))
        t = F.one_hot(y, 10).float()
        loss = soft_cross_entropy(model(lam * x + (1 - lam) * x[perm]), lam * t + (1 - lam) * t[perm])
        opt.zero_grad()
        loss.backward()
        opt.step()
        return loss.item()

    trainer = Engine(update)
    RunningAverage(output_transform=lambda v: v).attach(trainer, "mixup_loss")
    return trainer


def evaluator(model):
    return create_supervised_evaluator(model, metrics={"acc": Accuracy(), "nll": Loss(F.cross_entropy)})  # plain loss, no mixup


def session(epochs, loaders, path, resume):
    train, val = loaders
    model, opt = build(0)
    trainer = make_trainer(model, opt, 0.4, np.random.default_rng(1 + resume))
    ev = evaluator(model)
    if resume:
        ck = torch.load(path, weights_only=True)
        model.load_state_dict(ck["model"])
        opt.load_state_dict(ck["opt"])
        trainer.load_state_dict(ck["trainer"])
    ev.add_event_handler(Events.COMPLETED, EarlyStopping(5, lambda e: -e.state.metrics["nll"], trainer))

    @trainer.on(Events.EPOCH_COMPLETED)
    def validate(engine):
        ev.run(val)
        m = ev.state.metrics
        print(f"epoch {engine.state.epoch} train {engine.state.metrics['mixup_loss']:.3f} val nll {m['nll']:.3f} acc {m['acc']:.3f}")

    trainer.run(train, max_epochs=epochs)
    torch.save({"model": model.state_dict(), "opt": opt.state_dict(), "trainer": trainer.state_dict()}, path)
    return model


def main():
    X, y = load_digits(return_X_y=True)
    xr, xs, yr, ys = train_test_split(X / 16, y, test_size=0.2, stratify=y, random_state=0)
    xt, xv, yt, yv = train_test_split(xr, yr, test_size=0.2, stratify=yr, random_state=0)
    ds = [TensorDataset(torch.tensor(a, dtype=torch.float32), torch.tensor(b)) for a, b in ((xt, yt), (xv, yv), (xs, ys))]
    loaders = DataLoader(ds[0], 64, shuffle=True, drop_last=True), DataLoader(ds[1], 256)
    session(4, loaders, "ignite.pt", resume=False)
    model = session(8, loaders, "ignite.pt", resume=True)  # goes on at epoch 5
    print("test", {k: round(v, 3) for k, v in evaluator(model).run(DataLoader(ds[2], 256)).metrics.items()})


if __name__ == "__main__":
    main()
