"""Calibration: temperature scaling fitted on validation logits, and Monte-Carlo dropout at test time
(only the dropout layers are switched to train mode, BatchNorm stays in eval mode)."""
import torch
import torch.nn.functional as F
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(71)
X, y = make_classification(3000, 20, n_informative=8, n_classes=4, flip_y=0.15, random_state=71)
X_rest, X_te, y_rest, y_te = train_test_split(X, y, test_size=0.25, stratify=y, random_state=71)
X_tr, X_va, y_tr, y_va = train_test_split(X_rest, y_rest, test_size=0.25, stratify=y_rest, random_state=71)
mu, sd = X_tr.mean(0), X_tr.std(0)
as_x = lambda a: torch.tensor((a - mu) / sd, dtype=torch.float32)
x_va, x_te, t_va, t_te = as_x(X_va), as_x(X_te), torch.tensor(y_va), torch.tensor(y_te)
loader = DataLoader(TensorDataset(as_x(X_tr), torch.tensor(y_tr)), batch_size=64, shuffle=True)

model = nn.Sequential(
    nn.Linear(20, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Dropout(0.3),
    nn.Linear(128, 128), nn.ReLU(), nn.Dropout(0.3), nn.Linear(128, 4))
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(15):
    model.train()
    for xb, yb in loader:
        opt.zero_grad()
        F.cross_entropy(model(xb), yb).backward()
        opt.step()


def ece(prob, target, bins=12):
    conf, pred = prob.max(1)
    hit = (pred == target).float()
    slot = (conf * bins).long().clamp(max=bins - 1)
    return sum((slot == b).float().mean().item() * abs((conf[slot == b].mean() - hit[slot == b].mean()).item())
               for b in range(bins) if (slot == b).any())


def report(name, prob):
    nll = F.nll_loss(prob.clamp_min(1e-12).log(), t_te).item()
    acc = (prob.argmax(1) == t_te).float().mean().item()
    print(f"{name:12s} acc {acc:.3f} nll {nll:.4f} ece {ece(prob, t_te):.4f}")


def fit_temperature(logits, target):
    log_t = torch.zeros((), requires_grad=True)
    lbfgs = torch.optim.LBFGS([log_t], lr=0.5, max_iter=50, line_search_fn="strong_wolfe")

    def closure():
        lbfgs.zero_grad()
        loss = F.cross_entropy(logits / log_t.exp(), target)
        loss.backward()
        return loss

    lbfgs.step(closure)
    return log_t.exp().item()


def mc_predict(x, passes=30):
    model.eval()
    for m in model.modules():
        if isinstance(m, nn.Dropout):
            m.train()
    with torch.no_grad():
        prob = torch.stack([model(x).softmax(1) for _ in range(passes)])
    model.eval()
    return prob


model.eval()
with torch.no_grad():
    val_logits, test_logits = model(x_va), model(x_te)
temperature = fit_temperature(val_logits, t_va)
print(f"temperature {temperature:.3f}")
report("plain", test_logits.softmax(1))
report("temperature", (test_logits / temperature).softmax(1))
samples = mc_predict(x_te)
report("mc-dropout", samples.mean(0))
mean = samples.mean(0)
entropy = -(mean * mean.clamp_min(1e-12).log()).sum(1)
expected = -(samples * samples.clamp_min(1e-12).log()).sum(2).mean(0)
wrong = mean.argmax(1) != t_te
mi = entropy - expected
print(f"mutual information: wrong {mi[wrong].mean():.4f} right {mi[~wrong].mean():.4f}")
