from __future__ import print_function, division

import argparse
import shutil
import os
import tempfile
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.autograd import Variable
import torch.utils.data as data

parser = argparse.ArgumentParser(description='Shapes, in the manner of 2017')
parser.add_argument('--batch-size', default=40, type=int)
parser.add_argument('--epochs', default=6, type=int)
parser.add_argument('--lr', default=0.05, type=float)
parser.add_argument('--momentum', default=0.9, type=float)
parser.add_argument('--weight-decay', '--wd', default=5e-4, type=float)
parser.add_argument('--schedule', type=int, nargs='+', default=[4, 5])
parser.add_argument('--gamma', type=float, default=0.1)
parser.add_argument('--manualSeed', type=int, default=17)
args = parser.parse_args()

np.random.seed(args.manualSeed)
torch.manual_seed(args.manualSeed)
use_cuda = torch.cuda.is_available()


class AverageMeter(object):
    """Keeps the current value and the average over all samples"""
    def __init__(self):
        self.reset()

    def reset(self):
        self.val = self.avg = self.sum = self.count = 0

    def update(self, val, n=1):
        self.val = val
        self.sum += val * n
        self.count += n
        self.avg = self.sum / self.count


class Shapes(data.Dataset):
    """0: filled square, 1: hollow square, 2: cross"""
    def __init__(self, n, seed):
        rng = np.random.RandomState(seed)
        self.x = (0.3 * rng.randn(n, 1, 16, 16)).astype('float32')
        self.y = rng.randint(0, 3, n)
        for i, t in enumerate(self.y):
            r, c = rng.randint(1, 8, 2)
            if t == 2:
                self.x[i, 0, r:r + 7, c + 3] += 1
                self.x[i, 0, r + 3, c:c + 7] += 1
            else:
                self.x[i, 0, r:r + 7, c:c + 7] += 1
                if t == 1:
                    self.x[i, 0, r + 1:r + 6, c + 1:c + 6] -= 1

    def __getitem__(self, i):
        return self.x[i], int(self.y[i])

    def __len__(self):
        return len(self.y)


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 12, 3, padding=1, bias=False), nn.BatchNorm2d(12), nn.ReLU(inplace=True), nn.MaxPool2d(2),
            nn.Conv2d(12, 24, 3, padding=1, bias=False), nn.BatchNorm2d(24), nn.ReLU(inplace=True), nn.MaxPool2d(2))
        self.classifier = nn.Linear(24 * 4 * 4, 3)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                n = m.kernel_size[0] * m.kernel_size[1] * m.out_channels
                m.weight.data.normal_(0, np.sqrt(2. / n))
            elif isinstance(m, nn.BatchNorm2d):
                m.weight.data.fill_(1)
                m.bias.data.zero_()

    def forward(self, x):
        x = self.features(x)
        x = x.view(x.size(0), -1)
        return self.classifier(x)


def accuracy(output, target):
    pred = output.data.max(1)[1]
    return pred.eq(target.data).sum().item() * 100. / target.size(0)


def run(loader, model, criterion, optimizer=None):
    losses, top1, end = AverageMeter(), AverageMeter(), time.time()
    if optimizer is not None:
        model.train()
    else:
        model.eval()
    for inputs, targets in loader:
        if use_cuda:
            inputs, targets = inputs.cuda(), targets.cuda()
        inputs, targets = Variable(inputs), Variable(targets)
        with torch.set_grad_enabled(optimizer is not None):
            outputs = model(inputs)
            loss = criterion(outputs, targets)
        losses.update(loss.data.item(), inputs.size(0))
        top1.update(accuracy(outputs, targets), inputs.size(0))
        if optimizer is not None:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return losses.avg, top1.avg, time.time() - end


def adjust_learning_rate(optimizer, epoch):
    if epoch in args.schedule:
        for param_group in optimizer.param_groups:
            param_group['lr'] *= args.gamma


def main():
    trainloader = data.DataLoader(Shapes(600, 1), batch_size=args.batch_size, shuffle=True, num_workers=0)
    valloader = data.DataLoader(Shapes(200, 2), batch_size=args.batch_size, shuffle=False, num_workers=0)
    testloader = data.DataLoader(Shapes(200, 3), batch_size=args.batch_size, shuffle=False, num_workers=0)
    model = Net()
    if use_cuda:
        model = model.cuda()
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.SGD(model.parameters(), lr=args.lr, momentum=args.momentum, weight_decay=args.weight_decay)
    folder, best = tempfile.mkdtemp(), -1
    last, top = os.path.join(folder, 'checkpoint.pth.tar'), os.path.join(folder, 'model_best.pth.tar')
    for epoch in range(args.epochs):
        adjust_learning_rate(optimizer, epoch)
        tl, ta, _ = run(trainloader, model, criterion, optimizer)
        vl, va, sec = run(valloader, model, criterion)
        torch.save({'epoch': epoch + 1, 'state_dict': model.state_dict(), 'acc': va,
                    'optimizer': optimizer.state_dict()}, last)
        if va > best:
            best = va
            shutil.copyfile(last, top)
        print('%d | %.4f %.2f | %.4f %.2f' % (epoch + 1, tl, ta, vl, va))
    model.load_state_dict(torch.load(top)['state_dict'])
    print('Test acc: %.2f (best val %.2f)' % (run(testloader, model, criterion)[1], best))
    shutil.rmtree(folder)


if __name__ == '__main__':
    main()
