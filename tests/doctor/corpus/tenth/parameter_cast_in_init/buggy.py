import torch
import torch.nn as nn
import torch.nn.functional as F

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
dtype = torch.float64
torch.manual_seed(13)


class CosineHead(nn.Module):
    """logits = exp(log_scale) * cos(feature, class vector), the scale is learned."""

    def __init__(self, dim, n_classes):
        super().__init__()
        self.proto = nn.Parameter(torch.randn(n_classes, dim, device=device, dtype=dtype))
        self.log_scale = nn.Parameter(torch.zeros(1)).to(device=device, dtype=dtype)

    def forward(self, feats):
        cos = F.linear(F.normalize(feats, dim=1), F.normalize(self.proto, dim=1))
        return self.log_scale.exp() * cos


def blobs(n, centers, noise):
    y = torch.randint(0, len(centers), (n,), device=device)
    return centers[y] + noise * torch.randn(n, centers.shape[1], device=device, dtype=dtype), y


centers = torch.randn(5, 10, device=device, dtype=dtype)
x_tr, y_tr = blobs(1000, centers, 0.7)
x_va, y_va = blobs(300, centers, 0.7)

body = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 16)).to(device=device, dtype=dtype)
head = CosineHead(16, 5)
model = nn.Sequential(body, head)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

for epoch in range(1, 13):
    model.train()
    for idx in torch.randperm(len(x_tr), device=device).split(50):
        loss = F.cross_entropy(model(x_tr[idx]), y_tr[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 3 == 0:
        model.eval()
        with torch.no_grad():
            logits = model(x_va)
        nll = F.cross_entropy(logits, y_va).item()
        acc = (logits.argmax(1) == y_va).double().mean().item()
        print(f"epoch {epoch:2d} scale {head.log_scale.exp().item():.2f} val nll {nll:.3f} acc {acc:.3f}")
