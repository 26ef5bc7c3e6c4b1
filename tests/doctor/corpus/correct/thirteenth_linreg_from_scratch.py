# my first training loop: fit y = 3x + 2 without nn.Module
import torch

torch.manual_seed(0)

x = torch.rand(100, 1) * 4
y = 3 * x + 2 + 0.2 * torch.randn(100, 1)

w = torch.zeros(1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
learning_rate = 0.05

for step in range(501):
    y_hat = x * w + b
    loss = ((y_hat - y) ** 2).mean()

    loss.backward()

    # update by hand
    with torch.no_grad():
        w -= learning_rate * w.grad
        b -= learning_rate * b.grad
        w.grad.zero_()
        b.grad.zero_()

    if step % 100 == 0:
        print("step", step, "loss", round(loss.item(), 4))

print("w =", round(w.item(), 3), " b =", round(b.item(), 3))
