import torch

torch.manual_seed(68)
x = torch.randn(400, 6) @ torch.randn(6, 6)
y = (x[:, 0] > 0).float()
tr, te = slice(0, 320), slice(320, 400)
mu = x[tr].mean(0)
U, S, Vh = torch.linalg.svd(x[tr] - mu, full_matrices=False)
white = (x - mu) @ Vh.T / (S / (320 - 1) ** 0.5)
w = torch.zeros(6, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
opt = torch.optim.SGD([w, b], lr=0.5, weight_decay=1e-3)
for it in range(100):
    opt.zero_grad()
    loss = torch.nn.functional.binary_cross_entropy_with_logits(white[tr] @ w + b, y[tr])
    loss.backward()
    opt.step()
with torch.no_grad():
    print("test", (((white[te] @ w + b) > 0).float() == y[te]).float().mean().item())
