import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

torch.manual_seed(0)


def get_loaders(seed=0):
    X, y = load_digits(return_X_y=True)
    X_rest, X_te, y_rest, y_te = train_test_split(X, y, test_size=0.2, stratify=y, random_state=seed)
    X_tr, X_va, y_tr, y_va = train_test_split(X_rest, y_rest, test_size=0.2, stratify=y_rest, random_state=seed)
    sc = StandardScaler().fit(X_tr)

    def ds(a, b):
        return TensorDataset(torch.tensor(sc.transform(a), dtype=torch.float32), torch.tensor(b))

    return (DataLoader(ds(X_tr, y_tr), batch_size=64, shuffle=True),
            DataLoader(ds(X_va, y_va), batch_size=256), DataLoader(ds(X_te, y_te), batch_size=256))


@torch.no_grad()
def accuracy(net, loader):
    was = net.training
    net.eval()
    ok = n = 0
    for x, t in loader:
        ok += (net(x).argmax(1) == t).sum().item()
        n += t.numel()
    net.train(was)
    return ok / n


def kd_loss(student, teacher, target, T=3.0, alpha=0.7):
    soft = F.kl_div(F.log_softmax(student / T, 1), F.log_softmax(teacher / T, 1), reduction="batchmean", log_target=True)
    return alpha * T * T * soft + (1 - alpha) * F.cross_entropy(student, target)


def fit(net, criterion, train, val, epochs, lr):
    opt = torch.optim.Adam(net.parameters(), lr=lr)
    best, state = -1.0, None
    for _ in range(epochs):
        net.train()
        for x, t in train:
            opt.zero_grad()
            criterion(net(x), x, t).backward()
            opt.step()
        acc = accuracy(net, val)
        if acc > best:
            best, state = acc, {k: v.detach().clone() for k, v in net.state_dict().items()}
    net.load_state_dict(state)
    return best


train, val, test = get_loaders()
teacher = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Dropout(0.3), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))
best_t = fit(teacher, lambda out, x, t: F.cross_entropy(out, t), train, val, 8, 1e-3)
teacher.eval()
for p in teacher.parameters():
    p.requires_grad_(False)

student = nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10))
best_s = fit(student, lambda out, x, t: kd_loss(out, teacher(x), t), train, val, 12, 3e-3)
print(f"teacher val {best_t:.3f}; student val {best_s:.3f} test {accuracy(student, test):.3f}")
