import torch
import torch.nn as nn

torch.manual_seed(15)

basis = torch.randn(3, 20)
codes = torch.randn(600, 3)
x = codes @ basis + 0.05 * torch.randn(600, 20)

encoder = nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 3))
decoder = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 20))

optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=2e-3)

for epoch in range(8):
    order = torch.randperm(480)
    for idx in order.split(48):
        z = encoder(x[idx])
        rec = decoder(z)
        loss = nn.functional.mse_loss(rec, x[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        v = nn.functional.mse_loss(decoder(encoder(x[480:])), x[480:])
    print("epoch", epoch, "reconstruction", round(v.item(), 4))
