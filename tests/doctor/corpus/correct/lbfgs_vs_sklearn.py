"""L2-regularised multinomial logistic regression with full-batch L-BFGS; must agree with scikit-learn."""
import numpy as np
import torch
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

torch.set_default_dtype(torch.float64)         # a second-order method profits from double precision


class Softmax(torch.nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        # zeros are a good start here: the problem is convex and there is no hidden layer to break symmetry in
        self.weight = torch.nn.Parameter(torch.zeros(n_out, n_in))
        self.bias = torch.nn.Parameter(torch.zeros(n_out))

    def forward(self, x):
        return torch.nn.functional.linear(x, self.weight, self.bias)


class History(list):
    def __call__(self, value):
        self.append(value.item())
        return value


def fit(x, y, C=1.0, rounds=20):
    model = Softmax(x.shape[1], int(y.max()) + 1)
    opt = torch.optim.LBFGS(model.parameters(), lr=1.0, max_iter=50, tolerance_grad=1e-9,
                            tolerance_change=1e-14, line_search_fn="strong_wolfe")
    history = History()

    def closure():                             # may be called many times within one step
        opt.zero_grad()
        data = torch.nn.functional.cross_entropy(model(x), y, reduction="sum")
        penalty = 0.5 * model.weight.square().sum()        # the bias is not penalised, as in scikit-learn
        loss = (C * data + penalty) / len(x)
        loss.backward()
        return history(loss)

    for _ in range(rounds):
        before = len(history)
        opt.step(closure)
        if history[before] - history[-1] < 1e-12:
            break
    return model, history


def main():
    raw, target = load_wine(return_X_y=True)
    a, b, ya, yb = train_test_split(raw, target, test_size=0.3, random_state=0, stratify=target)
    scaler = StandardScaler().fit(a)
    x, xt = (torch.from_numpy(scaler.transform(m)) for m in (a, b))
    y, yt = torch.from_numpy(ya), torch.from_numpy(yb)

    results = {}
    for C in (0.1, 1.0):
        model, history = fit(x, y, C)
        assert all(np.isfinite(history))
        ref = LogisticRegression(C=C, max_iter=5000, tol=1e-10).fit(x.numpy(), ya)
        with torch.no_grad():
            p = model(xt).softmax(1)
        gap = np.abs(p.numpy() - ref.predict_proba(xt.numpy())).max()
        coef_gap = np.abs(model.weight.detach().numpy() - ref.coef_).max()
        results[C] = (p.argmax(1) == yt).double().mean().item()
        print(f"C={C}: {len(history)} evaluations, objective {history[0]:.4f} -> {history[-1]:.6f}")
        print(f"   test acc {results[C]:.4f}, sklearn {ref.score(xt.numpy(), yb):.4f}, "
              f"largest difference in probability {gap:.1e}, in coefficient {coef_gap:.1e}")
        assert gap < 1e-4


if __name__ == "__main__":
    main()
