"""Training in two sessions: the second one resumes from the checkpoint of the first."""
import argparse
import os
import tempfile

import torch
import torch.nn as nn
from sklearn.datasets import make_moons
from torch.utils.data import DataLoader, TensorDataset


def get_args(argv=None):
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=20)
    ap.add_argument("--lr", type=float, default=0.1)
    ap.add_argument("--resume", default="")
    ap.add_argument("--out", default="")
    ap.add_argument("--stop-after", type=int, default=0, help="end the session after this epoch (0: never)")
    return ap.parse_args(argv)


def moons(n, seed):
    x, y = make_moons(n, noise=0.2, random_state=seed)
    return TensorDataset(torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.long))


def build(lr, epochs):
    model = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs)
    return model, optimizer, scheduler


def save_checkpoint(folder, epoch, model, optimizer, scheduler, best_acc, is_best):
    torch.save(
        {
            "epoch": epoch,
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "scheduler": scheduler.state_dict(),
            "best_acc": best_acc,
            "torch_rng": torch.get_rng_state(),
        },
        os.path.join(folder, "last.pt"),
    )
    if is_best:
        torch.save(model.state_dict(), os.path.join(folder, "best.pt"))


def accuracy(model, loader):
    model.eval()
    ok, n = 0, 0
    with torch.no_grad():
        for x, y in loader:
            ok += (model(x).argmax(1) == y).sum().item()
            n += len(y)
    return ok / n


def main(args):
    torch.manual_seed(0)
    train_loader = DataLoader(moons(800, 0), batch_size=32, shuffle=True)
    val_loader = DataLoader(moons(300, 1), batch_size=128)
    test_loader = DataLoader(moons(500, 2), batch_size=128)
    model, optimizer, scheduler = build(args.lr, args.epochs)
    criterion = nn.CrossEntropyLoss()

    start_epoch, best_acc = 0, -1.0
    if args.resume:
        ckpt = torch.load(args.resume, map_location="cpu", weights_only=True)
        model.load_state_dict(ckpt["model"])
        optimizer.load_state_dict(ckpt["optimizer"])
        scheduler.load_state_dict(ckpt["scheduler"])
        torch.set_rng_state(ckpt["torch_rng"])
        start_epoch, best_acc = ckpt["epoch"] + 1, ckpt["best_acc"]
        print(f"resumed at epoch {start_epoch}, best val acc so far {best_acc:.3f}")

    for epoch in range(start_epoch, args.epochs):
        model.train()
        for x, y in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
        scheduler.step()

        acc = accuracy(model, val_loader)
        is_best = acc > best_acc
        best_acc = max(acc, best_acc)
        save_checkpoint(args.out, epoch, model, optimizer, scheduler, best_acc, is_best)
        print(f"epoch {epoch:2d}  val acc {acc:.3f}  next lr {scheduler.get_last_lr()[0]:.5f}")
        if args.stop_after and epoch + 1 >= args.stop_after:
            print("session ends here")
            return

    model.load_state_dict(torch.load(os.path.join(args.out, "best.pt"), weights_only=True))
    print(f"test accuracy of the best model: {accuracy(model, test_loader):.3f}")


if __name__ == "__main__":
    cli = get_args()
    if cli.out:
        main(cli)
    else:  # demonstration in a temporary folder
        with tempfile.TemporaryDirectory() as folder:
            main(get_args(["--out", folder, "--stop-after", "8"]))
            main(get_args(["--out", folder, "--resume", os.path.join(folder, "last.pt")]))
