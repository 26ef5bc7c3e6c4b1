import torch
import torch.nn as nn
import torch.nn.functional as F

# movie reviews -> star rating 0..4, want to minimise the squared distance in stars
torch.manual_seed(1)
NUM_STARS = 5
x = torch.randn(800, 12)
hidden_quality = x[:, 0] + 0.5 * x[:, 1] - 0.5 * x[:, 2]
stars = torch.bucketize(hidden_quality, torch.tensor([-1.2, -0.4, 0.4, 1.2]))

x_tr, s_tr = x[:640], stars[:640]
x_va, s_va = x[640:], stars[640:]

model = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, NUM_STARS))
opt = torch.optim.Adam(model.parameters(), lr=0.01)
levels = torch.arange(NUM_STARS).float()

for epoch in range(20):
    model.train()
    perm = torch.randperm(len(x_tr))
    for i in range(0, len(x_tr), 64):
        b = perm[i:i + 64]
        out = model(x_tr[b])
        rating = out.argmax(dim=1).float()
        loss = F.mse_loss(rating, s_tr[b].float())
        loss.requires_grad_(True)
        opt.zero_grad()
        loss.backward()
        opt.step()

model.eval()
with torch.no_grad():
    expected = (F.softmax(model(x_va), dim=1) * levels).sum(dim=1)
    print("validation mse in stars:", F.mse_loss(expected, s_va.float()).item())
