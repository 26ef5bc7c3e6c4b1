"""Two hand-made optimisation styles: L-BFGS with closure, and plain momentum SGD written under no_grad."""
import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split

torch.manual_seed(2)
X, y = load_iris(return_X_y=True)
X_tr, X_te, y_tr, y_te = train_test_split(X, y, test_size=0.3, stratify=y, random_state=2)
mu, sd = X_tr.mean(0), X_tr.std(0)
prep = lambda a: torch.tensor((a - mu) / sd)  # float64 on purpose: the line search likes precision
x_tr, x_te, y_tr, y_te = prep(X_tr), prep(X_te), torch.tensor(y_tr), torch.tensor(y_te)
L2 = 1e-3


def init():
    w = torch.zeros(4, 3, dtype=torch.float64, requires_grad=True)
    b = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    return w, b


def objective(w, b):
    return F.cross_entropy(x_tr @ w + b, y_tr) + L2 * w.pow(2).sum()


def accuracy(w, b):
    with torch.no_grad():
        return ((x_te @ w + b).argmax(1) == y_te).double().mean().item()


# --- L-BFGS on the convex problem: full batch, deterministic closure
w, b = init()
lbfgs = torch.optim.LBFGS([w, b], lr=1.0, max_iter=20, history_size=10, line_search_fn="strong_wolfe")


def closure():
    lbfgs.zero_grad()
    loss = objective(w, b)
    loss.backward()
    return loss


for it in range(5):
    before = lbfgs.step(closure)
    print(f"lbfgs outer {it}: objective {before.item():.6f}")
final = objective(w, b).item()
print(f"lbfgs final {final:.6f} test acc {accuracy(w, b):.3f}")

# --- manual SGD with momentum converges to the same optimum
params = init()
velocity = [torch.zeros_like(p) for p in params]
for step in range(1500):
    loss = objective(*params)
    grads = torch.autograd.grad(loss, params)
    with torch.no_grad():
        for p, v, g in zip(params, velocity, grads):
            v.mul_(0.95).add_(g)
            p.sub_(0.2 * v)
manual = objective(*params).item()
print(f"manual final {manual:.6f} test acc {accuracy(*params):.3f}")
assert np.isclose(final, manual, atol=1e-4)
