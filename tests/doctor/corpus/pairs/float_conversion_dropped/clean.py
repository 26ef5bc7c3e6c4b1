import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader


class Images(Dataset):
    """8x8 회색 이미지"""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.raw = torch.randint(0, 256, (n, 8, 8), generator=g)
        self.lab = (self.raw[:, :4].sum((1, 2)) > self.raw[:, 4:].sum((1, 2))).long()

    def __len__(self):
        return len(self.raw)

    def __getitem__(self, i):
        img = self.raw[i].float().unsqueeze(0)
        img = img.div(255.0)
        return img, self.lab[i]


torch.manual_seed(0)
tr = DataLoader(Images(480, 1), batch_size=48, shuffle=True)
te = DataLoader(Images(120, 2), batch_size=60)
model = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 2))
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
lossf = nn.CrossEntropyLoss()
for ep in range(3):
    model.train()
    for img, lab in tr:
        opt.zero_grad()
        lossf(model(img), lab).backward()
        opt.step()
    model.eval()
    ok = 0
    with torch.no_grad():
        for img, lab in te:
            ok += (model(img).argmax(1) == lab).sum().item()
    print("에폭", ep, "정확도", ok / 120)
