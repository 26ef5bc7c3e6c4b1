import numpy as np
import torch
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

torch.set_default_dtype(torch.float64)


class SoftmaxRegression:
    """Same objective as scikit-learn: sum of the losses times C plus half the squared norm (no penalty on the bias)."""

    def __init__(self, C=1.0, max_iter=100):
        self.C, self.max_iter = C, max_iter

    def fit(self, X, y):
        X, y = torch.as_tensor(X), torch.as_tensor(y)
        k = int(y.max()) + 1
        self.W = torch.zeros(X.shape[1], k, requires_grad=True)
        self.b = torch.zeros(k, requires_grad=True)
        opt = torch.optim.LBFGS([self.W, self.b], lr=1, max_iter=self.max_iter, history_size=20,
                                tolerance_grad=1e-8, line_search_fn="strong_wolfe")

        def closure():
            opt.zero_grad()
            nll = torch.nn.functional.cross_entropy(X @ self.W + self.b, y, reduction="sum")
            loss = self.C * nll + 0.5 * self.W.square().sum()
            loss.backward()
            return loss

        self.loss_ = opt.step(closure).item()       # the loss at the start of the step
        with torch.no_grad():
            self.final_ = float(closure_free_loss(self, X, y))
        return self

    @torch.no_grad()
    def predict(self, X):
        return (torch.as_tensor(X) @ self.W + self.b).argmax(1).numpy()


def closure_free_loss(m, X, y):
    return m.C * torch.nn.functional.cross_entropy(X @ m.W + m.b, y, reduction="sum") + 0.5 * m.W.square().sum()


X, y = load_iris(return_X_y=True)
ours, theirs, agree = [], [], []
for tr, te in StratifiedKFold(5, shuffle=True, random_state=0).split(X, y):
    mu, sd = X[tr].mean(0), X[tr].std(0)
    A, B = (X[tr] - mu) / sd, (X[te] - mu) / sd
    m = SoftmaxRegression(C=1.0).fit(A, y[tr])
    ref = LogisticRegression(C=1.0, max_iter=1000, tol=1e-8).fit(A, y[tr])
    p, q = m.predict(B), ref.predict(B)
    ours.append((p == y[te]).mean())
    theirs.append((q == y[te]).mean())
    agree.append((p == q).mean())
    print(f"loss {m.loss_:.3f} -> {m.final_:.3f}")
print("torch %.4f sklearn %.4f agreement %.4f" % tuple(map(np.mean, (ours, theirs, agree))))
