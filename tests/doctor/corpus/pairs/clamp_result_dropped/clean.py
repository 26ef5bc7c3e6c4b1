import torch
import torch.nn as nn

torch.manual_seed(13)
true_w = torch.tensor([[1.5], [0.7], [2.0]])
X = torch.rand(300, 3)
y = X @ true_w + 0.1

w = nn.Parameter(torch.rand(3, 1))
b = nn.Parameter(torch.zeros(1))
opt = torch.optim.SGD([w, b], lr=0.1)

for step in range(200):
    i = torch.randint(0, 300, (30,))
    pred = X[i] @ w + b
    loss = torch.mean((pred - y[i]) ** 2)
    opt.zero_grad()
    loss.backward()
    opt.step()
    with torch.no_grad():
        w.clamp_(min=0.0, max=1.0)
print("weights", w.detach().flatten().tolist(), "bias", b.item())
