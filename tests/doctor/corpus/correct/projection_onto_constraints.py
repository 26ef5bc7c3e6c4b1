import torch

torch.manual_seed(56)
X = torch.rand(200, 4)
y = X @ torch.tensor([0.5, 0.3, 0.2, 0.0]) + 0.01 * torch.randn(200)
w = torch.full((4,), 0.25, requires_grad=True)
opt = torch.optim.SGD([w], lr=0.2)
for it in range(150):
    i = torch.randint(0, 200, (20,))
    opt.zero_grad()
    loss = (X[i] @ w - y[i]).pow(2).mean()
    loss.backward()
    opt.step()
    with torch.no_grad():
        w.clamp_(min=0)
        w.div_(w.sum())
print(w.tolist())
