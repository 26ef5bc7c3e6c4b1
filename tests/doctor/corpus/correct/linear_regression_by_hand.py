import torch

torch.manual_seed(81)
x = torch.linspace(0, 5, 80)
y = 2.5 * x - 1 + 0.2 * torch.randn(80)
a, b = torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)
for step in range(200):
    loss = ((a * x + b - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        a -= 0.02 * a.grad
        b -= 0.02 * b.grad
    a.grad.zero_()
    b.grad.zero_()
print(a.item(), b.item(), loss.item())
