import torch

torch.manual_seed(2)
x = torch.rand(100, 1) * 4
y = 1.7 * x - 0.6 + 0.1 * torch.randn(100, 1)

w = torch.zeros(1, 1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
lr = 0.01
for it in range(300):
    loss = ((x @ w + b - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w -= lr * w.grad
        b -= lr * b.grad
        w.grad.zero_()
        b.grad.zero_()
    if it % 100 == 0:
        print(it, loss.item())
print("w", w.item(), "b", b.item())
