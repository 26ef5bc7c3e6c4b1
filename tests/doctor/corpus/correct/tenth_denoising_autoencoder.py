import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(5)

# stripes of random direction, width and phase, pixels in [0, 1]
def stripes(n, size=12):
    theta = torch.rand(n, 1, 1) * 3.1416
    phase = torch.rand(n, 1, 1) * 6.2832
    freq = 0.6 + 0.6 * torch.rand(n, 1, 1)
    yy, xx = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    wave = torch.sin(freq * (xx * torch.cos(theta) + yy * torch.sin(theta)) + phase)
    return (0.5 + 0.5 * wave).flatten(1)

def corrupt(x):
    return x + 0.3 * torch.randn_like(x)

train_x, test_x = stripes(1000), stripes(200)

encoder = nn.Sequential(nn.Linear(144, 96), nn.ReLU(), nn.Linear(96, 16))
decoder = nn.Sequential(nn.Linear(16, 96), nn.ReLU(), nn.Linear(96, 144), nn.Sigmoid())
dae = nn.Sequential(encoder, decoder)
optimizer = torch.optim.Adam(dae.parameters(), lr=2e-3)

for epoch in range(20):
    losses = []
    for clean in train_x[torch.randperm(1000)].split(50):
        optimizer.zero_grad()
        # noisy in, clean out
        loss = F.mse_loss(dae(corrupt(clean)), clean)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    if epoch % 5 == 4:
        print("epoch", epoch + 1, "loss", sum(losses) / len(losses))

with torch.no_grad():
    noisy = corrupt(test_x)
    print("mse of the noisy test images:   ", F.mse_loss(noisy, test_x).item())
    print("mse of the denoised test images:", F.mse_loss(dae(noisy), test_x).item())
