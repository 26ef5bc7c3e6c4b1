import torch

torch.manual_seed(80)
X = torch.randn(300, 4)
w_true = torch.tensor([1.0, -2.0, 0.0, 3.0])
y = X @ w_true + 0.5
w = torch.zeros(4, requires_grad=True)
b = torch.zeros((), requires_grad=True)
velocity = [torch.zeros_like(w), torch.zeros_like(b)]
for step in range(120):
    idx = torch.randint(0, 300, (32,))
    loss = (X[idx] @ w + b - y[idx]).square().mean()
    grads = torch.autograd.grad(loss, [w, b])
    with torch.no_grad():
        for p, g, v in zip((w, b), grads, velocity):
            v.mul_(0.9).add_(g)
            p.sub_(0.01 * v)
print(loss.item(), w.tolist(), b.item())
