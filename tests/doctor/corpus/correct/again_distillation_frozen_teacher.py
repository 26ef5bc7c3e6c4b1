"""Knowledge distillation: a frozen eval-mode teacher guides a small student (T^2-scaled KL + hard labels)."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset

TEMPERATURE, ALPHA = 3.0, 0.7


def split(seed):
    X, y = load_digits(return_X_y=True)
    x, t = torch.tensor(X / 16.0, dtype=torch.float32), torch.tensor(y)
    rest, te = train_test_split(range(len(y)), test_size=0.25, stratify=y, random_state=seed)
    tr, va = train_test_split(rest, test_size=0.2, stratify=y[rest], random_state=seed)
    return [TensorDataset(x[i], t[i]) for i in (tr, va, te)]


def kd_loss(student_logits, teacher_logits, target):
    soft = F.kl_div(
        F.log_softmax(student_logits / TEMPERATURE, dim=1),
        F.log_softmax(teacher_logits / TEMPERATURE, dim=1),
        reduction="batchmean", log_target=True,
    ) * TEMPERATURE**2
    return ALPHA * soft + (1 - ALPHA) * F.cross_entropy(student_logits, target)


@torch.no_grad()
def accuracy(model, loader):
    model.eval()
    hits = sum((model(x).argmax(1) == y).sum().item() for x, y in loader)
    return hits / len(loader.dataset)


def train(model, train_dl, val_dl, epochs, lr, teacher=None):
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    best, state = -1.0, None
    for _ in range(epochs):
        model.train()
        for x, y in train_dl:
            logits = model(x)
            if teacher is None:
                loss = F.cross_entropy(logits, y)
            else:
                with torch.no_grad():
                    soft_target = teacher(x)
                loss = kd_loss(logits, soft_target, y)
            opt.zero_grad()
            loss.backward()
            opt.step()
        acc = accuracy(model, val_dl)
        if acc > best:
            best, state = acc, {k: v.clone() for k, v in model.state_dict().items()}
    model.load_state_dict(state)
    return best


def student_net():
    torch.manual_seed(1)  # both students start from the same weights
    return nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10))


def main():
    torch.manual_seed(0)
    tr, va, te = split(0)
    train_dl = DataLoader(tr, batch_size=64, shuffle=True, generator=torch.Generator().manual_seed(0))
    val_dl, test_dl = DataLoader(va, 256), DataLoader(te, 256)
    teacher = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Dropout(0.3), nn.Linear(128, 10))
    print(f"teacher val acc {train(teacher, train_dl, val_dl, 20, 5e-3):.4f}")
    teacher.eval().requires_grad_(False)
    plain, distilled = student_net(), student_net()
    print(f"plain student val acc {train(plain, train_dl, val_dl, 20, 1e-2):.4f}")
    print(f"distilled student val acc {train(distilled, train_dl, val_dl, 20, 1e-2, teacher):.4f}")
    assert not teacher.training
    for name, m in (("teacher", teacher), ("plain", plain), ("distilled", distilled)):
        print(f"test acc {name:9s} {accuracy(m, test_dl):.4f}")


if __name__ == "__main__":
    main()
