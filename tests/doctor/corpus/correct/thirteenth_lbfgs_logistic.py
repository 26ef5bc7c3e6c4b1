# L2-regularised logistic regression, full batch, L-BFGS with strong Wolfe line search
import torch
import torch.nn.functional as F

torch.manual_seed(1)
torch.set_default_dtype(torch.float64)

n, d = 400, 6
X = torch.randn(n, d)
true_w = torch.tensor([2.0, -1.0, 0.0, 0.5, 0.0, 1.0])
y = torch.bernoulli(torch.sigmoid(X @ true_w - 0.3))
X_train, y_train, X_test, y_test = X[:300], y[:300], X[300:], y[300:]

w = torch.zeros(d, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
l2 = 1e-2
optimizer = torch.optim.LBFGS([w, b], lr=1.0, max_iter=10, line_search_fn="strong_wolfe")


def objective():
    return F.binary_cross_entropy_with_logits(X_train @ w + b, y_train) + 0.5 * l2 * w.square().sum()


def closure():
    optimizer.zero_grad()
    loss = objective()
    loss.backward()
    return loss


for outer in range(5):
    loss = optimizer.step(closure)
    print(f"outer {outer}: objective at start of the step {loss.item():.8f}")

grads = torch.autograd.grad(objective(), [w, b])
print(f"gradient norm at the solution: {torch.cat([g.flatten() for g in grads]).norm().item():.2e}")
with torch.no_grad():
    acc = (((X_test @ w + b) > 0) == y_test.bool()).double().mean().item()
print("weights:", [round(v, 2) for v in w.tolist()], f"test accuracy {acc:.3f}")
