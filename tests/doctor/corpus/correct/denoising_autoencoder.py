import torch
from torch import nn

torch.manual_seed(10)
basis = torch.randn(4, 30)
x = torch.randn(400, 4) @ basis
enc = nn.Sequential(nn.Linear(30, 16), nn.ReLU(), nn.Linear(16, 4))
dec = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 30))
ae = nn.Sequential(enc, dec)
opt = torch.optim.Adam(ae.parameters(), lr=5e-3)
for epoch in range(6):
    ae.train()
    for i in torch.randperm(320).split(32):
        clean = x[i]
        noisy = clean + 0.3 * torch.randn_like(clean)
        opt.zero_grad()
        nn.functional.mse_loss(ae(noisy), clean).backward()
        opt.step()
    ae.eval()
    with torch.no_grad():
        print(epoch, nn.functional.mse_loss(ae(x[320:]), x[320:]).item())
