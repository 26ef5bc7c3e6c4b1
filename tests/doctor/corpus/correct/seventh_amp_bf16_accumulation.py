"""Gradient accumulation with bfloat16 autocast (works on CPU and GPU)."""
import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset

MICRO_BATCH = 32
ACCUM_STEPS = 4
EPOCHS = 10
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


class MLP(nn.Module):
    def __init__(self, d_in, d_hidden, n_classes, p=0.1):
        super().__init__()
        self.fc1 = nn.Linear(d_in, d_hidden)
        self.norm = nn.LayerNorm(d_hidden)
        self.fc2 = nn.Linear(d_hidden, n_classes)
        self.drop = nn.Dropout(p)

    def forward(self, x):
        return self.fc2(self.drop(F.gelu(self.norm(self.fc1(x)))))


def get_data(seed=5):
    X, y = make_classification(
        n_samples=2500, n_features=20, n_informative=10, n_classes=4, class_sep=1.3, random_state=seed
    )
    X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=500, stratify=y, random_state=seed)
    X_tr, X_va, y_tr, y_va = train_test_split(X_tr, y_tr, test_size=400, stratify=y_tr, random_state=seed)
    mean, std = X_tr.mean(0), X_tr.std(0)

    def pack(a, b):
        return TensorDataset(torch.tensor((a - mean) / std, dtype=torch.float32), torch.tensor(b))

    return pack(X_tr, y_tr), pack(X_va, y_va), pack(X_te, y_te)


def train_one_epoch(model, loader, optimizer):
    model.train()
    n_batches = len(loader)
    n_tail = n_batches % ACCUM_STEPS
    total = torch.zeros((), device=DEVICE)
    seen = 0
    optimizer.zero_grad()
    for i, (x, y) in enumerate(loader):
        x, y = x.to(DEVICE), y.to(DEVICE)
        # the last group of an epoch may be shorter
        group = n_tail if i >= n_batches - n_tail else ACCUM_STEPS
        with torch.autocast(device_type=DEVICE, dtype=torch.bfloat16):
            logits = model(x)
        loss = F.cross_entropy(logits.float(), y)
        (loss / group).backward()
        if (i + 1) % ACCUM_STEPS == 0 or i + 1 == n_batches:
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
        total += loss.detach() * y.numel()
        seen += y.numel()
    return total.item() / seen


@torch.no_grad()
def validate(model, loader):
    model.eval()
    loss_sum, correct, n = 0.0, 0, 0
    for x, y in loader:
        x, y = x.to(DEVICE), y.to(DEVICE)
        with torch.autocast(device_type=DEVICE, dtype=torch.bfloat16):
            logits = model(x)
        loss_sum += F.cross_entropy(logits.float(), y, reduction="sum").item()
        correct += (logits.argmax(1) == y).sum().item()
        n += y.numel()
    return loss_sum / n, correct / n


def main():
    torch.manual_seed(5)
    train_ds, val_ds, test_ds = get_data()
    train_loader = DataLoader(train_ds, batch_size=MICRO_BATCH, shuffle=True, drop_last=True)
    val_loader = DataLoader(val_ds, batch_size=256)
    test_loader = DataLoader(test_ds, batch_size=256)

    model = MLP(20, 96, 4).to(DEVICE)
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=0.01)
    steps_per_epoch = -(-len(train_loader) // ACCUM_STEPS)
    print(f"{len(train_loader)} micro-batches = {steps_per_epoch} optimizer steps per epoch")
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=EPOCHS)

    best_loss, best_state = float("inf"), None
    for epoch in range(1, EPOCHS + 1):
        train_loss = train_one_epoch(model, train_loader, optimizer)
        scheduler.step()
        val_loss, val_acc = validate(model, val_loader)
        print(f"{epoch:2d} | train {train_loss:.4f} | val {val_loss:.4f} | acc {val_acc:.3f}")
        if val_loss < best_loss:
            best_loss, best_state = val_loss, copy.deepcopy(model.state_dict())

    model.load_state_dict(best_state)
    test_loss, test_acc = validate(model, test_loader)
    print(f"test loss {test_loss:.4f}, accuracy {test_acc:.3f}")


if __name__ == "__main__":
    main()
