import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


class Digits(Dataset):
    def __init__(self, images, labels, shift=False):
        self.x = torch.tensor(images, dtype=torch.float32).div(8).sub(1).unsqueeze(1)    # 0..16 -> -1..1
        self.y, self.shift = torch.tensor(labels), shift

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        x = self.x[i]
        if self.shift:      # the border is empty, so -1 is what a shift brings in
            d = torch.randint(3, ()).item()
            x = nn.functional.pad(x, (1, 1), value=-1.0)[:, :, d:d + 8]
        return x, self.y[i]


class ViT(nn.Module):
    def __init__(self, d=32, patch=4, classes=10):
        super().__init__()
        n = (8 // patch) ** 2
        self.patch = nn.Conv2d(1, d, patch, stride=patch)
        self.cls = nn.Parameter(torch.zeros(1, 1, d))
        self.pos = nn.Parameter(torch.zeros(1, n + 1, d))
        nn.init.trunc_normal_(self.pos, std=0.02)
        nn.init.trunc_normal_(self.cls, std=0.02)
        layer = nn.TransformerEncoderLayer(d, 4, 64, 0.1, "gelu", batch_first=True, norm_first=True)
        self.enc = nn.TransformerEncoder(layer, 2, norm=nn.LayerNorm(d), enable_nested_tensor=False)
        self.head = nn.Linear(d, classes)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(len(x), -1, -1), x], 1) + self.pos
        return self.head(self.enc(x)[:, 0])


torch.manual_seed(0)
d = load_digits()
xa, xt, ya, yt = train_test_split(d.images, d.target, test_size=0.25, stratify=d.target, random_state=0)
train = DataLoader(Digits(xa, ya, shift=True), batch_size=64, shuffle=True)
test = DataLoader(Digits(xt, yt), batch_size=256)
net = ViT()
nodecay = {"cls", "pos"}
groups = [{"params": [p for n, p in net.named_parameters() if p.ndim >= 2 and n not in nodecay], "weight_decay": 0.05},
          {"params": [p for n, p in net.named_parameters() if p.ndim < 2 or n in nodecay], "weight_decay": 0.0}]
opt = torch.optim.AdamW(groups, lr=3e-3)
EPOCHS = 7
sched = torch.optim.lr_scheduler.SequentialLR(opt, [
    torch.optim.lr_scheduler.LinearLR(opt, 0.1, total_iters=len(train)),
    torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=(EPOCHS - 1) * len(train))], milestones=[len(train)])
loss_train, loss_eval = nn.CrossEntropyLoss(label_smoothing=0.1), nn.CrossEntropyLoss(reduction="sum")
for epoch in range(EPOCHS):
    net.train()
    for x, y in train:
        opt.zero_grad()
        loss_train(net(x), y).backward()
        opt.step()
        sched.step()
net.eval()
with torch.inference_mode():
    outs = [(net(x), y) for x, y in test]
nll = sum(loss_eval(o, y).item() for o, y in outs) / len(test.dataset)
acc = sum((o.argmax(1) == y).sum().item() for o, y in outs) / len(test.dataset)
print(f"test nll {nll:.3f} accuracy {acc:.3f} after {EPOCHS} epochs")
