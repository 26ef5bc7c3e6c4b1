import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, random_split

CONFIG = {
    "model": {"hidden": 128, "depth": 3, "drop_rate": 0.5},
    "optim": {"lr": 2e-3, "weight_decay": 1e-2},
    "train": {"epochs": 12, "batch_size": 32},
}


def block(n_in, n_out, **kwargs):
    layers = [nn.Linear(n_in, n_out), nn.GELU()]
    rate = kwargs.get("dropout", 0.0)
    if rate > 0:
        layers.append(nn.Dropout(rate))
    return nn.Sequential(*layers)


def build_model(n_in, n_out, hidden=64, depth=2, **kwargs):
    widths = [n_in] + [hidden] * depth
    blocks = [block(a, b, **kwargs) for a, b in zip(widths, widths[1:])]
    return nn.Sequential(*blocks, nn.Linear(hidden, n_out))


def build_optimizer(model, **options):
    return torch.optim.AdamW(model.parameters(), **options)


def epoch_pass(model, loader, loss_fn, optimizer=None):
    training = optimizer is not None
    model.train(training)
    loss_sum, correct, n = 0.0, 0, 0
    with torch.set_grad_enabled(training):
        for xb, yb in loader:
            out = model(xb)
            loss = loss_fn(out, yb)
            if training:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            loss_sum += loss.item() * len(yb)
            correct += (out.argmax(1) == yb).sum().item()
            n += len(yb)
    return loss_sum / n, correct / n


def main(cfg):
    torch.manual_seed(77)
    x = torch.randn(700, 30)
    y = (x[:, :5].sum(1) + 1.5 * torch.randn(700) > 0).long()
    train_set, val_set = random_split(TensorDataset(x, y), [450, 250])
    train_dl = DataLoader(train_set, cfg["train"]["batch_size"], shuffle=True)
    val_dl = DataLoader(val_set, cfg["train"]["batch_size"])
    model = build_model(30, 2, **cfg["model"])
    optimizer = build_optimizer(model, **cfg["optim"])
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(cfg["train"]["epochs"]):
        tr_loss, tr_acc = epoch_pass(model, train_dl, loss_fn, optimizer)
        va_loss, va_acc = epoch_pass(model, val_dl, loss_fn)
        print(f"{epoch:2d} train {tr_loss:.3f}/{tr_acc:.3f} val {va_loss:.3f}/{va_acc:.3f}")


main(CONFIG)
