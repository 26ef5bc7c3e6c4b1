import torch

torch.manual_seed(39)
D, H = 20, 64
x = torch.randn(600, D)
y = (x[:, 0] - x[:, 1] > 0).float()

w1 = torch.randn(D, H) / D**0.5
w2 = torch.randn(H, 1) / H**0.5
b1, b2 = torch.zeros(H), torch.zeros(1)
params = [w1, b1, w2, b2]
for p in params:
    p.requires_grad_()

lr = 0.1
for step in range(300):
    i = torch.randint(0, 500, (50,))
    h = torch.sigmoid(x[i] @ w1 + b1)
    z = (h @ w2 + b2).squeeze(1)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(z, y[i])
    for p in params:
        p.grad = None
    loss.backward()
    with torch.no_grad():
        for p in params:
            p -= lr * p.grad
    if step % 100 == 0:
        print(step, loss.item())
with torch.no_grad():
    z = torch.sigmoid(x[500:] @ w1 + b1) @ w2 + b2
    print("acc", ((z.squeeze(1) > 0) == y[500:].bool()).float().mean().item())
