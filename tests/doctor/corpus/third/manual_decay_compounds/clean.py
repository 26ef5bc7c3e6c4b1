import torch
import torch.nn as nn

torch.manual_seed(31)
BASE_LR = 0.5
CLIP = 1.0


def adjust_learning_rate(optimizer, epoch):
    """divide the initial rate by 2 every 5 epochs"""
    lr = BASE_LR * (0.5 ** (epoch // 5))
    for group in optimizer.param_groups:
        group["lr"] = lr


def sequences(n, t=20):
    # running parity-like target: sign of the running sum
    x = torch.randn(n, t, 1)
    return x, (x.cumsum(1) > 0).float()


class Tagger(nn.Module):
    def __init__(self, h=24):
        super(Tagger, self).__init__()
        self.rnn = nn.RNN(1, h, batch_first=True)
        self.out = nn.Linear(h, 1)

    def forward(self, x):
        return self.out(self.rnn(x)[0])


class Meter(object):
    def __init__(self):
        self.sum, self.n = 0.0, 0

    def add(self, v, k):
        self.sum += v * k
        self.n += k

    @property
    def avg(self):
        return self.sum / self.n


train_x, train_y = sequences(480)
val_x, val_y = sequences(240)
net = Tagger()
optimizer = torch.optim.SGD(net.parameters(), lr=BASE_LR, momentum=0.5)
bce = nn.BCEWithLogitsLoss()

for epoch in range(20):
    adjust_learning_rate(optimizer, epoch)
    meter = Meter()
    net.train()
    for ids in torch.randperm(480).split(24):
        loss = bce(net(train_x[ids]), train_y[ids])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), CLIP)
        optimizer.step()
        meter.add(loss.item(), len(ids))
    if epoch % 5 == 4:
        net.eval()
        with torch.no_grad():
            acc = ((net(val_x) > 0).float() == val_y).float().mean().item()
        print("epoch %d lr %.5f train %.4f val acc %.4f" % (epoch + 1, optimizer.param_groups[0]["lr"], meter.avg, acc))
