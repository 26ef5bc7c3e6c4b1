import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset
from tqdm.auto import tqdm

torch.manual_seed(42)
X = torch.rand(5000, 1, 28, 28)
y = torch.randint(0, 10, (5000,))
train_dl = DataLoader(TensorDataset(X[:4000], y[:4000]), batch_size=64, shuffle=True)
test_dl = DataLoader(TensorDataset(X[4000:], y[4000:]), batch_size=64)

class LeNet(nn.Module):
    def __init__(self):
        super(LeNet, self).__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2))
        self.classifier = nn.Sequential(nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10))
    def forward(self, x):
        return self.classifier(torch.flatten(self.features(x), 1))

def accuracy(logits, y):
    return (logits.argmax(1) == y).float().mean()

def loop(model, dl, loss_fn, opt=None):
    is_train = opt is not None
    model.train(is_train)
    losses, accs, n = 0.0, 0.0, 0
    with torch.set_grad_enabled(is_train):
        for xb, yb in tqdm(dl, leave=False):
            out = model(xb)
            loss = loss_fn(out, yb)
            if is_train:
                opt.zero_grad()
                loss.backward()
                opt.step()
            losses += loss.item() * len(yb)
            accs += accuracy(out, yb).item() * len(yb)
            n += len(yb)
    return losses / n, accs / n

model = LeNet()
opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
loss_fn = nn.CrossEntropyLoss()
hist = {"train": [], "test": []}
for epoch in range(5):
    hist["train"].append(loop(model, train_dl, loss_fn, opt))
    hist["test"].append(loop(model, test_dl, loss_fn))
    print(epoch, *hist["train"][-1], *hist["test"][-1])
torch.save(model.state_dict(), "lenet.pt")
fresh = LeNet()
fresh.load_state_dict(torch.load("lenet.pt"))
fresh.eval()
with torch.no_grad():
    print(fresh(X[:1]).softmax(1))
