import torch
import torch.nn as nn

torch.manual_seed(14)
NUM_CLASSES = 6
x = torch.randn(900, NUM_CLASSES * 2)
labels = (x[:, :NUM_CLASSES] + x[:, NUM_CLASSES:]).argmax(dim=1)

backbone = nn.Sequential(nn.Linear(NUM_CLASSES * 2, 64), nn.ReLU())
head = nn.Linear(64, 1)
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(list(backbone.parameters()) + list(head.parameters()), lr=3e-3)

for epoch in range(8):
    for idx in torch.randperm(720).split(48):
        out = head(backbone(x[idx]))
        loss = criterion(out.squeeze(1), labels[idx].float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
with torch.no_grad():
    out = head(backbone(x[720:]))
    pred = out.squeeze(1).round().clamp(0, NUM_CLASSES - 1).long()
    print("accuracy", (pred == labels[720:]).float().mean().item())
